"""A thin ctypes binding of libllama (the release that design/stack.md names), for comparing with llama.cpp.

The folder with libllama and libggml has to be in LD_LIBRARY_PATH as well.
"""

import contextlib
import ctypes as c
import glob
import os

import numpy as np


class ModelParams(c.Structure):
    _fields_ = [
        ("devices", c.c_void_p), ("overrides", c.c_void_p), ("n_gpu_layers", c.c_int32), ("split_mode", c.c_int32),
        ("load_mode", c.c_int32), ("lazy_mode", c.c_int32), ("main_gpu", c.c_int32), ("tensor_split", c.c_void_p),
        ("progress", c.c_void_p), ("progress_data", c.c_void_p), ("kv_overrides", c.c_void_p),
        ("vocab_only", c.c_bool), ("check_tensors", c.c_bool), ("use_extra_bufts", c.c_bool), ("no_host", c.c_bool),
        ("no_alloc", c.c_bool), ("load_mtp", c.c_bool), ("spare", c.c_uint8 * 256),
    ]


class ContextParams(c.Structure):
    _fields_ = [
        ("n_ctx", c.c_uint32), ("n_batch", c.c_uint32), ("n_ubatch", c.c_uint32), ("n_seq_max", c.c_uint32),
        ("n_rs_seq", c.c_uint32), ("n_outputs_max", c.c_uint32), ("n_outputs_max_per_seq", c.c_uint32),
        ("n_threads", c.c_int32), ("n_threads_batch", c.c_int32), ("ctx_type", c.c_int32),
        ("rope_scaling_type", c.c_int32), ("pooling_type", c.c_int32), ("attention_type", c.c_int32),
        ("flash_attn_type", c.c_int32), ("rope_freq_base", c.c_float), ("rope_freq_scale", c.c_float),
        ("yarn", c.c_float * 4), ("yarn_orig_ctx", c.c_uint32), ("defrag", c.c_float),
        ("cb_eval", c.c_void_p), ("cb_eval_data", c.c_void_p), ("type_k", c.c_int32), ("type_v", c.c_int32),
        ("spare", c.c_uint8 * 256),
    ]


class Batch(c.Structure):
    _fields_ = [
        ("n_tokens", c.c_int32), ("token", c.POINTER(c.c_int32)), ("embd", c.c_void_p), ("pos", c.POINTER(c.c_int32)),
        ("n_seq_id", c.POINTER(c.c_int32)), ("seq_id", c.POINTER(c.POINTER(c.c_int32))), ("logits", c.POINTER(c.c_int8)),
    ]


GGML_TYPE_F32, GGML_TYPE_F16 = 0, 1
LOG = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)


class Llama:
    """The library. quiet=True drops its log."""

    def __init__(self, folder, quiet=True):
        for name in ("libggml-base.so", "libggml.*so*"):
            library = c.CDLL(glob.glob(os.path.join(folder, name))[0], c.RTLD_GLOBAL)
        library.ggml_backend_load_all_from_path.argtypes = [c.c_char_p]
        self.lib = lib = c.CDLL(glob.glob(os.path.join(folder, "libllama.*so*"))[0], c.RTLD_GLOBAL)
        self._log = LOG(lambda level, text, data: None)
        if quiet:
            lib.llama_log_set.argtypes = [LOG, c.c_void_p]
            lib.llama_log_set(self._log, None)
        library.ggml_backend_load_all_from_path(folder.encode())
        p, i32 = c.c_void_p, c.c_int32
        for name, result, *arguments in [
            ("llama_model_default_params", ModelParams), ("llama_context_default_params", ContextParams),
            ("llama_model_load_from_file", p, c.c_char_p, ModelParams), ("llama_model_free", None, p),
            ("llama_init_from_model", p, p, ContextParams), ("llama_free", None, p),
            ("llama_model_get_vocab", p, p), ("llama_vocab_n_tokens", i32, p),
            ("llama_tokenize", i32, p, c.c_char_p, i32, c.POINTER(i32), i32, c.c_bool, c.c_bool),
            ("llama_detokenize", i32, p, c.POINTER(i32), i32, c.c_char_p, i32, c.c_bool, c.c_bool),
            ("llama_token_to_piece", i32, p, i32, c.c_char_p, i32, i32, c.c_bool),
            ("llama_batch_init", Batch, i32, i32, i32), ("llama_batch_free", None, Batch),
            ("llama_decode", i32, p, Batch), ("llama_get_logits_ith", c.POINTER(c.c_float), p, i32),
            ("llama_vocab_is_eog", c.c_bool, p, i32),
        ]:
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
        lib.llama_backend_init()

    @contextlib.contextmanager
    def model(self, path, vocab_only=False):
        params = self.lib.llama_model_default_params()
        params.vocab_only = vocab_only
        handle = self.lib.llama_model_load_from_file(str(path).encode(), params)
        if not handle:
            raise RuntimeError(f"llama.cpp does not load {os.path.basename(path)}")
        try:
            yield Model(self.lib, handle)
        finally:
            self.lib.llama_model_free(handle)


class Model:
    def __init__(self, lib, handle):
        self.lib, self.handle = lib, handle
        self.vocab = lib.llama_model_get_vocab(handle)
        self.n_vocab = lib.llama_vocab_n_tokens(self.vocab)

    def tokenize(self, data, add_special, parse_special):
        data = data.encode() if isinstance(data, str) else data
        room = len(data) + 8
        ids = (c.c_int32 * room)()
        count = self.lib.llama_tokenize(self.vocab, data, len(data), ids, room, add_special, parse_special)
        if count < 0:
            raise RuntimeError(f"llama_tokenize: {count}")
        return list(ids[:count])

    def detokenize(self, ids, remove_special=False, unparse_special=True):
        array = (c.c_int32 * max(1, len(ids)))(*ids)
        count = -(64 * len(ids) + 64)
        for _ in range(2):
            if count < 0:
                room = -count
                text = c.create_string_buffer(room)
                count = self.lib.llama_detokenize(self.vocab, array, len(ids), text, room, remove_special, unparse_special)
        if count < 0:
            raise RuntimeError(f"llama_detokenize: {count}")
        return text.raw[:count]

    def piece(self, token, special=True):
        text = c.create_string_buffer(512)
        count = self.lib.llama_token_to_piece(self.vocab, token, text, 512, 0, special)
        return text.raw[:count]

    def logits(self, sequence, threads=2, step=None, exact_cache=False):
        """Logits after every token of one sequence, float32 [len, n_vocab], decoded
        at once or in steps; exact_cache keeps K and V in f32, without flash attention."""
        params = self.lib.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = max(256, len(sequence) + 32), 2048, 512, 1
        params.n_threads = params.n_threads_batch = threads
        if exact_cache:
            params.type_k = params.type_v = GGML_TYPE_F32
            params.flash_attn_type = 0
        context = self.lib.llama_init_from_model(self.handle, params)
        assert context
        batch = self.lib.llama_batch_init(len(sequence), 0, 1)
        rows = []
        for start in range(0, len(sequence), step or len(sequence)):
            part = sequence[start : start + (step or len(sequence))]
            batch.n_tokens = len(part)
            for i, token in enumerate(part):
                batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, start + i, 1, 1
                batch.seq_id[i][0] = 0
            status = self.lib.llama_decode(context, batch)
            assert status == 0, status
            rows += [np.ctypeslib.as_array(self.lib.llama_get_logits_ith(context, i), (self.n_vocab,)).copy()
                     for i in range(len(part))]
        self.lib.llama_batch_free(batch)
        self.lib.llama_free(context)
        return np.stack(rows)
