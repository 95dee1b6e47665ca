"""Chat templates compiled exactly as transformers compiles them, with a fixed date."""

import datetime

from transformers.utils.chat_template_utils import _compile_jinja_template

NOW = datetime.datetime(2026, 1, 2, 15, 4, 5)


def compile_template(text):
    template = _compile_jinja_template(text)
    template.environment.globals["strftime_now"] = NOW.strftime
    return template.render
