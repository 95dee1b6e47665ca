"""Writes templates/language.json: small Jinja cases with their output. Usage: make_jinja_cases.py OUT_DIR"""

import json
import pathlib
import sys

import make_templates

V = {
    "s": "Hello World", "e": "", "n": 42, "f": 2.5, "neg": -7, "t": True, "no": False, "none": None, "list": [3, 1, 2], "words": ["b", "a", "c"],
    "d": {"one": 1, "two": 2, "items": "shadow"}, "deep": {"a": {"b": [10, {"c": "x"}]}}, "empty": [], "nothing": {},
    "people": [{"name": "Ann", "age": 30, "tags": ["x", "y"]}, {"name": "Bob", "age": 25}, {"name": "Cy", "age": 30, "admin": True}],
    "html": "<a href='x'>&\"</a>", "lines": "one\ntwo\n\nthree", "u": "Größe 你好 😀", "pad": "  x y \n", "num": "12", "mixed": [1, "1", 1.0, True, None, [2]],
}

CASES = """
plain text
{{ s }}|{{ n }}|{{ f }}|{{ t }}|{{ no }}|{{ none }}|{{ missing }}|{{ e }}|
{{ list }} {{ d }} {{ mixed }} {{ words }}
{{ "a" ~ 1 ~ none ~ true ~ 1.5 ~ [1] }}
{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 1.0 * 3 }}
{{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ (1 + 2) * 3 }} {{ 10 - 3 - 2 }} {{ 2 * 3 % 4 }} {{ 1e3 }} {{ 1.5e-7 }} {{ 1_000 }} {{ 0.1 + 0.2 }}
{{ 1 == 1.0 }} {{ 1 == "1" }} {{ "a" < "b" }} {{ [1, 2] == [1, 2] }} {{ [1, 2] < [1, 3] }} {{ none == false }} {{ 1 != 2 }} {{ true == 1 }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 3 > 2 >= 2 }} {{ "x" in "xyz" }} {{ 2 in list }} {{ "one" in d }} {{ 5 not in list }} {{ "zz" not in s }}
{{ t and n }} {{ no and n }} {{ e or "default" }} {{ not e }} {{ not t }} {{ none or 0 }} {{ "a" and "b" or "c" }} {{ not 1 == 2 }}
{{ "yes" if t else "no" }} {{ "yes" if no }}| {{ "a" if no else "b" if no else "c" }} {{ (1 if t else 2) + 1 }}
{{ s[0] }} {{ s[-1] }} {{ s[1:4] }} {{ s[:5] }} {{ s[6:] }} {{ s[::-1] }} {{ s[::2] }} {{ s[-5:-1] }} {{ s[20:] }}|{{ list[1:] }} {{ list[:-1] }} {{ list[::-1] }}
{{ u[0] }} {{ u[6:8] }} {{ u[-1] }} {{ u | length }} {{ u | upper }} {{ u[::-1] }}
{{ d.one }} {{ d["two"] }} {{ d.missing }} {{ d["items"] }} {{ d.get("one") }} {{ d.get("x") }} {{ d.get("x", 9) }} {{ deep.a.b[1].c }} {{ deep["a"]["b"][0] }}
{{ d.keys() | list }} {{ d.values() | list }} {{ nothing.items() | list }} {{ deep.items() | list }}
{% for k, v in deep.items() %}{{ k }}={{ v }};{% endfor %}{% for k in d %}{{ k }},{% endfor %}{% for k, v in d | items %}{{ k }}{{ v }} {% endfor %}
{% for k, v in d | dictsort %}{{ k }}={{ v }};{% endfor %}
{% for x in list %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.revindex }}/{{ loop.revindex0 }}/{{ loop.length }}/{{ loop.first }}/{{ loop.last }} {% endfor %}
{% for x in words %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}
{% for x in words %}{% if loop.previtem is defined %}{{ loop.previtem }}{% else %}-{% endif %}{{ x }}{% endfor %}
{% for x in list %}{{ loop.cycle("odd", "even") }} {% endfor %}{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}
{% for x in empty %}{{ x }}{% else %}none{% endfor %}{% for x in list %}{{ x }}{% else %}none{% endfor %}
{% for x in list if x > 1 %}{{ loop.index }}:{{ x }} {% endfor %}{% for x in list if x > 9 %}a{% else %}b{% endfor %}
{% for p in people %}{{ p.name }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for p in people if p.age == 30 and p.admin is defined %}{{ p.name }}{% endfor %}
{% for a, b in [[1, 2], [3, 4]] %}{{ a }}-{{ b }} {% endfor %}{% for (a, b) in [(1, 2)] %}{{ a + b }}{% endfor %}
{% for c in "abc" %}{{ c }}.{% endfor %}{% for i in range(3) %}{{ i }}{% endfor %} {% for i in range(2, 10, 3) %}{{ i }} {% endfor %}{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in range(2) %}{% for j in range(2) %}{{ loop.index }}{{ i }}{{ j }} {% endfor %}{{ loop.index }};{% endfor %}
{% set outer = "" %}{% for i in range(3) %}{% set outer = outer ~ i %}{{ outer }} {% endfor %}[{{ outer }}]
{% set ns = namespace(x=0, found=false) %}{% for i in list %}{% set ns.x = ns.x + i %}{% if i == 2 %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.x }} {{ ns.found }}
{% set ns = namespace() %}{% set ns.a = [1] %}{% set ns.a = ns.a + [2] %}{{ ns.a }} {{ ns.b is defined }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c %}block {{ a }}{% endset %}[{{ c }}]{% set c | upper %}shout{% endset %}{{ c }}
{% if n > 40 %}big{% elif n > 10 %}mid{% else %}small{% endif %} {% if none %}a{% elif e %}b{% elif empty %}c{% elif nothing %}d{% elif 0 %}e{% else %}falsy{% endif %}
{% macro greet(name, greeting="Hi", punct="!") %}{{ greeting }} {{ name }}{{ punct }}{% endmacro %}{{ greet("Ann") }} {{ greet("Bob", punct="?") }} {{ greet(name="Cy", greeting="Yo") }}
{% macro m(x) %}[{{ x }}{{ varargs }}{{ kwargs }}]{% endmacro %}{{ m(1) }}{{ m(1, 2, 3) }}{{ m() }}
{% macro rec(n) %}{{ n }}{% if n > 0 %} {{ rec(n - 1) }}{% endif %}{% endmacro %}{{ rec(3) }}
{% macro box() %}<{{ caller() }}>{% endmacro %}{% call box() %}in {{ n }}{% endcall %}
{% macro each(l) %}{% for i in l %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(x) each(list) %}({{ x }}){% endcall %}
{% macro outer() %}{% set y = 5 %}{{ y }}{{ n }}{% endmacro %}{{ outer() }}{{ y is defined }}
{% set out = greet is defined %}{{ out }}{% macro greet() %}{% endmacro %}{{ greet is defined }} {{ greet is callable }} {{ greet.name }}
{% generation %}answer {{ n }}{% endgeneration %} after
{# a comment {{ n }} #}x{#- trimmed -#}  y {# multi
line #}z
{% raw %}{{ not }} {% rendered %} {# at all #}{% endraw %}
a  {{- " b " -}}  c  {%- if t -%}  d  {%- endif -%}  e
{%+ if t %}plus{%+ endif %}
{{ "literal }} and {{ inside %} {% strings" }}
{{ 'single' }} {{ "do\\"uble" }} {{ 'it\\'s' }} {{ "tab\\tnew\\nline\\\\ \\u00e9 \\x41" }}
{{ "a" "b" }}
{{ s | upper }} {{ s | lower }} {{ "hello world's end" | title }} {{ "hELLO wORLD" | capitalize }} {{ pad | trim }}| {{ s | replace("l", "L") }} {{ s | replace("l", "L", 1) }}
{{ s | length }} {{ list | length }} {{ d | count }} {{ list | first }} {{ list | last }} {{ empty | first }}| {{ "abc" | first }} {{ "abc" | last }}
{{ list | sort }} {{ list | sort(reverse=true) }} {{ words | sort | join(",") }} {{ ["b", "A", "c"] | sort }} {{ ["b", "A", "c"] | sort(case_sensitive=true) }} {{ people | sort(attribute="age") | map(attribute="name") | list }}
{{ list | join("-") }} {{ list | join }} {{ people | join(", ", attribute="name") }} {{ [1, none, "x"] | join("|") }}
{{ list | reverse | list }} {{ "abc" | reverse }} {{ list | sum }} {{ people | sum(attribute="age") }} {{ list | max }} {{ list | min }} {{ [1, 1, 2] | unique | list }}
{{ missing | default("d") }} {{ e | default("d") }}| {{ e | default("d", true) }} {{ none | default("d") }} {{ none | d("x", boolean=true) }} {{ d.missing | default("m") }}
{{ people | map(attribute="name") | list }} {{ words | map("upper") | join }} {{ people | map(attribute="tags", default="none") | list }} {{ list | map("string") | list }} {{ ["1", "2"] | map("int") | sum }}
{{ people | selectattr("admin") | map(attribute="name") | list }} {{ people | selectattr("age", "equalto", 30) | list | length }} {{ people | selectattr("age", ">", 26) | map(attribute="name") | join(",") }}
{{ people | rejectattr("admin") | map(attribute="name") | list }} {{ people | rejectattr("admin", "defined") | list | length }} {{ people | selectattr("tags", "defined") | list | length }}
{{ [1, 2, 3, 4] | select("even") | list }} {{ [1, 2, 3, 4] | reject("odd") | list }} {{ [0, 1, "", "a", none] | select | list }} {{ [1, 5, 9] | select(">", 4) | list }} {{ ["a", 1] | select("string") | list }}
{{ people | groupby("age") | map("first") | list }} {% for age, group in people | groupby("age") %}{{ age }}:{{ group | map(attribute="name") | join("+") }} {% endfor %}
{{ list | tojson }} {{ d | tojson }} {{ s | tojson }} {{ none | tojson }} {{ true | tojson }} {{ 1.0 | tojson }} {{ u | tojson }} {{ html | tojson }} {{ "a\\nb\\t\\"\\\\" | tojson }} {{ empty | tojson }} {{ nothing | tojson }}
{{ deep | tojson(indent=2) }}
{{ {"b": 1, "a": [1, 2]} | tojson(indent=4) }} {{ {"b": 1, "a": 2} | tojson(sort_keys=true) }} {{ [1, {"a": 2}] | tojson(separators=(",", ":")) }} {{ {"a": []} | tojson(indent=2) }} {{ "é" | tojson(ensure_ascii=true) }}
{{ "12" | int + 1 }} {{ "x" | int }} {{ "x" | int(5) }} {{ 3.9 | int }} {{ "2.5" | float }} {{ 7 | float }} {{ 3.14159 | round(2) }} {{ 2.5 | round }} {{ 3.5 | round }} {{ 2.7 | round(0, "floor") }} {{ neg | abs }} {{ 5 | string + "x" }}
{{ html | escape }} {{ html | e }} {{ html | safe }} {{ "<b>x</b>" | striptags }} {{ "a b" | urlencode }}
{{ lines | indent }}|{{ lines | indent(2, true) }}|{{ lines | indent(2, first=true, blank=true) }}|{{ lines | indent("> ") }}
{{ "%s is %d" | format("x", 3) }} {{ "%.2f|%5d|%-5s|%05.1f" % (3.14159, 42, "ab", 2.5) }} {{ "a b c" | wordcount }} {{ "abc" | center(9) }}| {{ "long text here" | truncate(8) }} {{ s | list }}
{{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3, 4, 5] | slice(2) | list }} {{ d | dictsort(by="value") if false else d | length }} {{ (1, 2) | list }} {{ "abc" | list | join("+") }} {{ {"a": 1} | items | list }} {{ {"a": 1, "b": 2} | list }}
{{ s.upper() }} {{ s.lower() }} {{ s.split() }} {{ "a,b,,c".split(",") }} {{ "a,b,c".split(",", 1) }} {{ "a b c".rsplit(" ", 1) }} {{ lines.splitlines() }} {{ "a-b".partition("-") }} {{ "x".join(["1", "2"]) }}
{{ pad.strip() }}|{{ pad.lstrip() }}|{{ pad.rstrip() }}|{{ "xxaxx".strip("x") }} {{ "abcab".lstrip("ba") }} {{ "a.b.".rstrip(".") }} {{ "prefix-x".removeprefix("prefix-") }} {{ "x.py".removesuffix(".py") }}
{{ s.startswith("Hello") }} {{ s.endswith("x") }} {{ s.startswith(("x", "H")) }} {{ s.find("World") }} {{ s.find("z") }} {{ s.count("l") }} {{ s.replace("o", "0") }} {{ s.replace("o", "0", 1) }} {{ s.index("W") }} {{ "a".isalpha() }} {{ "1".isdigit() }} {{ "Ab".swapcase() }}
{{ "ab".title() }} {{ "aB".capitalize() }} {{ "7".zfill(3) }} {{ "ab".ljust(4) }}|{{ "ab".rjust(4) }}|{{ "{} {x}".format(1, x=2) }} {{ "abc" * 2 }} {{ [1] * 2 }} {{ [1] + [2] }} {{ "A" < "a" }} {{ s.isupper() }} {{ "".join([]) }}|{{ "ß".upper() }}
{{ n is defined }} {{ missing is defined }} {{ missing is undefined }} {{ none is none }} {{ n is not none }} {{ d.x is defined }} {{ d.one is defined }} {{ deep.a.zz is undefined }}
{{ s is string }} {{ n is number }} {{ t is number }} {{ n is integer }} {{ f is float }} {{ t is boolean }} {{ n is boolean }} {{ list is iterable }} {{ s is iterable }} {{ n is iterable }} {{ list is sequence }} {{ d is sequence }} {{ d is mapping }} {{ list is mapping }} {{ s is sequence }}
{{ 4 is even }} {{ 4 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(4) }} {{ "a" is in "abc" }} {{ 1 is in [1] }} {{ 1 is eq 1 }} {{ 1 is equalto(2) }} {{ 2 is gt 1 }} {{ 2 is lessthan 1 }} {{ "a" is lower }} {{ "A" is upper }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 2 is ne 3 }}
{{ n is not string }} {{ not n is string }} {{ missing is not defined and t }} {{ (n is defined) and (s is string) }} {{ none is sameas none }} {{ "upper" is filter }} {{ "even" is test }} {{ d is callable }}
{{ n if n is defined and n > 3 else 0 }} {{ list[0] if list else "empty" }} {{ empty[0] if empty else "empty" }} {{ missing.x if missing is defined else "safe" }}
{{ [1, 2, 3,] }} {{ {"a": 1, "b": [1, 2]}["b"][1] }} {{ (1, "x") }} {{ (1,) }} {{ () }} {{ [] }} {{ {} }} {{ {"k": none, 1: true} }} {{ ["it's", 'say "x"', "both '\\""] }} {{ [1.0, 1e20, 1.5e-7, 100000000000000000000] }}
{{ ["a\\nb", "tab\\t", "back\\\\", "é", "\\x07"] }} {{ {"a": "b'c"} }} {{ [true, false, none] }}
{{ true }} {{ True }} {{ False }} {{ None }} {{ none }} {{ -n }} {{ +n }} {{ - 3 + 5 }} {{ not not 1 }}
{{ dict(a=1, b=2) }} {{ dict(a=1).a }} {{ namespace(a=1).a }} {{ range(3) | list }} {{ range(5)[1:3] | list }} {{ range(3) | length }} {{ range(3) }}
{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}{% with y = 3, z = x %}{{ y }}{{ z }}{% set x = 9 %}{% endwith %}{{ x }}{{ y is defined }}
{% filter upper %}loud {{ s }}{% endfilter %}
{{ (s | lower).split(" ")[0] | title ~ "!" }} {{ s | lower | replace(" ", "_") | length }} {{ -1 | abs }} {{ 1 + "2" | int }} {{ "a" ~ "b" | upper }} {{ 2 * 3 | string }}
{{ list | length > 2 }} {{ list | length == 3 and "x" }} {{ "x" * (list | length) }} {{ (list + [4])[-1] }} {{ people[-1].name }} {{ people[0]["tags"][1] }} {{ people[1].get("tags", []) | length }}
{{ strftime_now("%d %b %Y") }} {{ strftime_now("%Y-%m-%d %H:%M:%S %A %B %j %y %I %p") }}
{{ raise_exception("bad: " ~ n) }}
before {% if not t %}{{ raise_exception("never") }}{% endif %} after
{{ missing.attribute }}
{{ none.attribute }}|{{ s.attribute }}|{{ n.attribute is defined }}
{{ none + "x" }}
{{ "a" + 1 }}
{{ list["x"] }}|{{ list[99] }}|{{ d[0] }}|{{ s["x"] }}
{{ 1 / 0 }}
{{ unknown_function() }}
{{ s | unknown_filter }}
{{ s is unknown_test }}
{{ list.append(4) }}
{% for x in missing %}{{ x }}{% else %}no{% endfor %}{{ missing | length }}{{ missing ~ "x" }}{{ missing == none }}{{ not missing }}{{ missing | join }}
{% for x in none %}{% endfor %}
{% if t %}unclosed
{{ n
{% endfor %}
{{ 1 + }}
{% unknown_tag %}
{{ "open }}
{% for x in list recursive %}{{ x }}{% endfor %}{% for p in [{"v": 1, "c": [{"v": 2, "c": []}]}] recursive %}{{ p.v }}{{ loop.depth }}({{ loop(p.c) }}){% endfor %}
{{ d["items"] }} {{ {"keys": 5}["keys"] }} {{ {"get": 1}["get"] }}
{{ lipsum is defined }} {{ cycler is defined }} {{ joiner is defined }} {% set j = joiner(", ") %}{% for x in list %}{{ j() }}{{ x }}{% endfor %}
{{ "a\\\\nb" }} {{ "{{" }} {{ '}}' }} {{ "{%" ~ "%}" }} {{ '{#' }}
{{ s|upper|lower|title }} {{s}} {{  s  }} {{
 s }}
{{ [x for x in list] }}
{{ 5 if 3 > 2 }} {{ 10 // 3 * 3 + 10 % 3 }} {{ 7 // 2.0 }} {{ 2 ** -1 }} {{ 2 ** 0.5 }} {{ 1e16 }} {{ 123456789.123456789 }} {{ 1e15 }} {{ 0.0001 }} {{ 0.00001 }} {{ 3.0 }} {{ 1.10 }}
{% set messages = [{"role": "user", "content": "hi"}] %}{% for m in messages %}{{ m["role"] }}: {{ m.content | trim }}{{ "\\n" if not loop.last }}{% endfor %}
{% set content = "<think>x</think>y" %}{% if "</think>" in content %}{{ content.split("</think>")[-1].lstrip("\\n") }}|{{ content.split("</think>")[0].rstrip("\\n").split("<think>")[-1].lstrip("\\n") }}{% endif %}
{% set x = [] %}{% for i in list %}{% set _ = x %}{% endfor %}{{ x }} {{ list is sameas list }} {{ d == {"one": 1, "two": 2, "items": "shadow"} }} {{ people | tojson == people | tojson }}
"""

BLOCKS = [
    "a\n{% if true %}\nb\n{% endif %}\nc\n",
    "a\n  {% if true %}\n  b\n  {% endif %}\nc",
    "  {% for x in list %}\n    {{ x }}\n  {% endfor %}\nend",
    "{%- for x in list %}\n{{- x }}\n{%- endfor %}\n",
    "{% for x in list -%}\n  {{ x }}\n{%- endfor %}\n\n",
    "x  {# comment #}\n  y\n  {# alone #}\nz",
    "   {%+ if true %}kept{% endif %}\n",
    "{% if true +%}\nkept newline{% endif %}",
    "{{ n }}\n{{ n }}\n\n",
    "\n\n{{ n }}",
    "line\r\n{% if true %}\r\nwin\r\n{% endif %}\r\nend\r\n",
    "{% raw %}\n  {{ x }}\n{% endraw %}\nafter",
    "{%- raw -%}  {{ x }}  {%- endraw -%}  after",
    "a {%- set x = 1 -%} b {%- set y -%} c {%- endset -%} d{{ y }}",
    "{% set x %}\nblock\n{% endset %}\n[{{ x }}]",
    "{% macro m() %}\n  in\n{% endmacro %}\n[{{ m() }}]",
    "\t{% if true %}\tx\t{% endif %}\t\n\t",
    "{{- '\n' }}x{{ '\n' -}}\n\n y",
    "{{ 'a' -}}\n\n{{- 'b' }}\n{{- 'c' }}",
    "{# c -#}\n\n x\n{#- c #}\n y",
    "no newline at end",
    "",
    "\n",
    "{% if true %}{% endif %}\n\nx",
    "text {% for i in range(2) %}\n  - {{ i }}\n{% endfor %}\n",
    "a{% if false %}\n\n{% else %}\nb{% endif %}\nc",
]


def main():
    out = pathlib.Path(sys.argv[1])
    texts, pending = [], None
    for line in CASES.strip("\n").split("\n"):
        # a line that opens something over a line break goes on in the next
        if pending is not None:
            texts.append(pending + "\n" + line)
            pending = None
        elif line in ("{{ [1, 2] }} {{", ) or line.endswith(" {{") or line.endswith("multi"):
            pending = line
        else:
            texts.append(line)
    rows = [{"template": text, **make_templates.render(text, V)} for text in texts + BLOCKS]
    body = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (out / "language.json").write_text('{"variables":' + json.dumps(V, ensure_ascii=False) + ',\n"cases":[\n' + body + "\n]}\n")
    print(len(rows), "cases,", sum("output" not in row for row in rows), "of them fail")


if __name__ == "__main__":
    main()
