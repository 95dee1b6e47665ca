// C entry to the pre-tokenizer split that libllama exports as C++. Built by make_tokenizer.py when asked.
#include <string>
#include <vector>
#include <cstring>

std::vector<std::string> unicode_regex_split(const std::string & text, const std::vector<std::string> & regex_exprs, bool byte_encode);

// Pieces joined as u32 length + bytes into out; returns the number of pieces, -1 on an exception.
extern "C" int split_pieces(const char * text, int length, const char ** regexes, int count, char * out, int room) {
    try {
        std::vector<std::string> exprs(regexes, regexes + count);
        auto pieces = unicode_regex_split(std::string(text, length), exprs, false);
        char * at = out;
        for (const auto & piece : pieces) {
            const unsigned size = piece.size();
            if (at + 4 + size > out + room) return -2;
            std::memcpy(at, &size, 4);
            std::memcpy(at + 4, piece.data(), size);
            at += 4 + size;
        }
        return (int) pieces.size();
    } catch (const std::exception &) {
        return -1;
    }
}
