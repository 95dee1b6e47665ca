"""When requests come and how long they are: the distributions of a public trace, drawn with a seed.

Lengths are pairs of prompt and answer as the trace has them (azure-2023-conversation.csv says which). The pauses between requests are the
trace's too, as quantiles over their mean; how busy each hour of the day is stands in `plan.py` and is ours, for the trace covers one hour."""

import pathlib
import random

# Of the 19,365 pauses between the trace's requests, over their mean (0.181 s): the longest, 24 times the mean, is cut to 9.
_PAUSES = [
    *zip(
        [i / 40 for i in range(40)],
        [
            0.0, 0.010, 0.035, 0.062, 0.089, 0.119, 0.146, 0.174, 0.202, 0.235, 0.267, 0.301, 0.336, 0.371, 0.406, 0.444, 0.483, 0.520, 0.564, 0.604,
            0.655, 0.709, 0.761, 0.816, 0.877, 0.946, 1.013, 1.089, 1.181, 1.268, 1.364, 1.470, 1.597, 1.742, 1.913, 2.091, 2.327, 2.643, 3.126, 3.899,
        ],
    ),
    (0.99, 4.916),
    (0.995, 5.7),
    (1.0, 9.0),
]  # fmt: skip


class Trace:
    """The distributions; whoever draws brings the generator."""

    def __init__(self) -> None:
        lines = (pathlib.Path(__file__).parent / "azure-2023-conversation.csv").read_text().splitlines()
        self.lengths = [tuple(map(int, line.split(","))) for line in lines if not line.startswith("#")]
        self.mean_prompt = sum(prompt for prompt, _ in self.lengths) / len(self.lengths)
        self.mean_answer = sum(answer for _, answer in self.lengths) / len(self.lengths)

    @staticmethod
    def pause(dice: random.Random) -> float:
        """To the next request, over the mean of all pauses."""
        share = dice.random()
        for (low, least), (high, most) in zip(_PAUSES, _PAUSES[1:]):
            if share <= high:
                return least + (most - least) * (share - low) / (high - low)
        return _PAUSES[-1][1]

    def length(self, dice: random.Random) -> tuple[int, int]:
        """Tokens of a prompt and of its answer."""
        return dice.choice(self.lengths)
