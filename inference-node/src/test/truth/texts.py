"""Texts written for these tests: prompts by kind, and long passages of prose and code."""

LIGHTHOUSE = """The lighthouse at the end of the harbour had been dark for eleven years when the council decided to sell it. \
Nobody in the town remembered exactly why it had been switched off. Some said that the new buoys had made it useless, others that \
the keeper had simply grown tired and locked the door behind him one evening in March. The stairs were sound, the lamp was not. A \
family of jackdaws had moved into the gallery, and whoever climbed to the top in spring was told at length, by all of them at once, \
to go away again.

Marta bought it for less than the price of a small car. She did not want to live there; she wanted the tower for her instruments. From \
the gallery one could see forty kilometres of coast on a clear day, and she had been looking for years for a place from which to measure \
how fog arrives. People think of fog as something that falls. It does not fall, it grows: first a thread above the river, then a sheet \
over the marsh, and then, within the time it takes to boil an egg, the whole bay is gone. She kept a notebook for each winter. The first \
lines were always the same three columns: temperature of the water, temperature of the air, hour at which the church could no longer be seen."""

HARBOUR = """In the second winter the harbour master came up with two cups of coffee and a question. Ships were waiting outside for hours \
because nobody could tell them when the channel would be clear, and every hour cost somebody a great deal of money. Could her notebooks say \
anything about that? She answered that they could say something, though not what he hoped. A forecast is not a promise. If the water is four \
degrees colder than the air and the wind comes from the south-west with less than three metres a second, then the fog stays until the tide \
turns, eight times out of ten. The other two times she did not know why it left early, and she would rather say so than invent a reason.

He wrote the rule on the back of an envelope and pinned it to the wall of his office. In the first month it was right nine times and wrong \
twice. In the second month a pilot who trusted the envelope more than his own eyes put a coaster on the sandbank, where it sat, undamaged and \
embarrassed, until the evening. After that there was a second line on the envelope, in red: look out of the window first. The rule stayed up \
for twenty years, through three harbour masters, and when the office was rebuilt it was put into a frame and hung beside the new screens, which \
showed, in eleven colours and with a probability for every quarter of an hour, very nearly the same thing."""

CODE = '''def moving_average(values, width):
    """Yields the mean of each window of `width` neighbours."""
    if width < 1:
        raise ValueError(f"width must be positive, not {width}")
    window, total = [], 0.0
    for value in values:
        window.append(value)
        total += value
        if len(window) > width:
            total -= window.pop(0)
        if len(window) == width:
            yield total / width


if __name__ == "__main__":
    readings = [3.5, 4.0, 4.25, 7.75, 2.0, -1.5]
    for index, mean in enumerate(moving_average(readings, 3)):
        print(f"{index:>3}\\t{mean:8.3f}")
'''

JAVA = """/** A queue that holds at most {@code limit} elements and drops the oldest. */
final class Ring<T> {
  private final Object[] slots;
  private int head;
  private int size;

  Ring(int limit) {
    slots = new Object[limit];
  }

  void add(T value) {
    slots[(head + size) % slots.length] = value;
    if (size < slots.length) {
      size++;
    } else {
      head = (head + 1) % slots.length;
    }
  }
"""

# One real text for the KL figures: prose, then code, then a little of everything.
KL_TEXT = (
    LIGHTHOUSE.split("\n\n")[0]
    + "\n\n```python\n"
    + CODE[: CODE.index("\n\nif __name__")]
    + "\n```\n\nThe table below lists the first readings: 12 March, 6.5 °C; 13 March, 7.0 °C; 14 March, 5.25 °C.\n"
)

# (kind, text), asked as a user's message of the instruct models.
QUESTIONS = [
    ("english", "What is the capital of France?"),
    ("english", "Explain in two sentences why the sky is blue."),
    ("english", "Write a haiku about the sea."),
    ("english", "List three prime numbers greater than 10."),
    ("english", "Who wrote the play Hamlet, and when?"),
    ("code", "Write a Python function that returns the n-th Fibonacci number."),
    ("code", "Fix this Java line: `int[] a = new int(5);`"),
    ("code", "Write a SQL query that counts the orders of each customer."),
    ("code", "What does `git rebase -i HEAD~3` do?"),
    ("chinese", "请用一句话介绍一下北京。"),
    ("japanese", "「ありがとう」を英語に訳してください。"),
    ("german", "Übersetze ins Englische: Die Sonne scheint über dem großen Fluss."),
    ("emoji", "What do these emoji mean? 👩‍🚀🚀🌕 and 👍🏽"),
    ("json", 'Return this as YAML: {"name": "Ada", "tags": ["math", "code"], "age": 36, "ok": true}'),
    ("numbers", "What is 17 * 23 + 4.5?"),
    ("whitespace", "Count the words:\n\n\tone  two\n    three\r\n\n"),
    ("empty-ish", "?"),
    ("long", "Summarise this text in one sentence:\n\n" + LIGHTHOUSE.split("\n\n")[0]),
    ("long-code", "What does this program print?\n\n```python\n" + CODE + "```"),
]

# Plain continuations: (kind, text).
COMPLETIONS = [
    ("english", "Once upon a time, in a small village by the sea,"),
    ("english", "The capital of Germany is"),
    ("code", "def is_prime(n):\n"),
    ("code", JAVA),
    ("long", LIGHTHOUSE),
]

# For a base model, which has no turns.
BASE_COMPLETIONS = [
    ("english", "The capital of France is"),
    ("english", "The three primary colours are"),
    ("english", "Once upon a time, in a small village by the sea, there lived"),
    ("english", "Water boils at a temperature of"),
    ("english", "Q: Who wrote the play Hamlet?\nA:"),
    ("english", "The best way to learn a new language is"),
    ("code", "def is_prime(n):\n"),
    ("code", "import java.util.List;\n\npublic class Main {\n    public static void main(String[] args) {\n"),
    ("code", "SELECT customer_id, COUNT(*)\nFROM orders\n"),
    ("code", JAVA),
    ("chinese", "北京是中国的首都，"),
    ("japanese", "昔々、あるところに"),
    ("german", "Die Sonne scheint über dem großen Fluss, und"),
    ("arabic", "عاصمة مصر هي"),
    ("emoji", "👩‍🚀🚀🌕 I am going to the moon! 👍🏽"),
    ("json", '{"name": "Ada", "tags": ["math", "code"], "age": 36,'),
    ("numbers", "1, 2, 4, 8, 16, 32,"),
    ("whitespace", "one  two   three    four\n\n\n\tfive\n"),
    ("empty", ""),
    ("long", LIGHTHOUSE),
    ("long-code", CODE),
    ("window", LIGHTHOUSE + "\n\n" + HARBOUR + "\n\n"),
    ("window-code", "# Notes\n\n" + HARBOUR + "\n\n```python\n" + CODE + "```\n\n```java\n" + JAVA + "\n"),
]
