"""A bank of mistakes and of unusual right answers, written by people who had not seen the checker.

Each was written before the explanations were, with what is wrong in words and a pattern that a true explanation of it
matches. Run this with -s to see the four figures.

    MISTAKES    (exercise, name, answer, what is wrong, pattern)
    RIGHT       (exercise, name, answer)
    REFUSED     (exercise, name, answer, pattern): right numbers in a form that is refused, and the reason

An answer is the lines of the exercise's first function, (function, lines), or for a file with a bug [(old, new), ...].
"""

import contextlib
import io
import re

import pytest
from bank import MISTAKES, REFUSED, RIGHT

from minivae.exercises import judge as judging
from minivae.exercises.catalog import EXERCISES, by_key
from minivae.exercises.runner import PASSED

UP_TO_15 = {exercise.key for exercise in EXERCISES if exercise.problems} - {"0"}
PLACE = r"right except in|only element .* is right|in the wrong (order|places)|nothing was written there"


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """judge(key, answer) -> the verdict, and the explanation or all that is said"""
    folder = tmp_path_factory.mktemp("bank")

    def judged(key, answer):
        exercise = by_key(key)
        source = exercise.shipped()
        if isinstance(answer, list):
            for old, new in answer:
                assert source.count(old) == 1, f"{key}: {old!r} is not in the file once"
                source = source.replace(old, new)
        else:
            function, lines = answer if isinstance(answer, tuple) else (exercise.functions[0], answer)
            source = exercise.solution.solve(source, **{function: lines})
        file = folder / f"{exercise.file}.py"
        file.write_text(source, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()):
            verdict = judging.judge(file)
        said = [line for line in verdict.text.splitlines()[1:] if "A hint: python" not in line]
        explained = [line for line in said if "probably:" in line]
        return verdict, "\n".join(explained or said), bool(explained)
    return judged


def test_every_mistake_is_rejected_most_are_named_and_nothing_false_is_said(judge):
    """Named: what is said matches the pattern. False: a cause is said, and it does not match."""
    accepted, false, unnamed, named, single = [], [], [], 0, [0, 0]
    for key, name, answer, wrong, pattern in MISTAKES:
        verdict, said, explained = judge(key, answer)
        right = re.search(pattern, said, re.IGNORECASE) is not None
        if verdict.code == PASSED:
            accepted.append((key, name))
        elif explained and not right and not re.search(PLACE, said):
            false.append((key, name, wrong, said))
        named += right
        if not right:
            unnamed.append((key, name, said[:100]))
        if key in UP_TO_15 and not name.startswith("double"):
            single[0] += right
            single[1] += 1
    print(f"\n{len(MISTAKES)} mistakes: {len(MISTAKES) - len(accepted)} rejected; {named} named, "
          f"{single[0]} of the {single[1]} single ones in exercises 1 to 15 ({single[0] / single[1]:.1%}); "
          f"{len(false)} false explanations")
    print(*unnamed, sep="\n")
    assert len(MISTAKES) >= 300 and not accepted
    assert not false, false
    assert single[0] >= 0.95 * single[1]


def test_no_right_answer_is_refused(judge):
    refused = [(key, name, judge(key, answer)[0].text) for key, name, answer in RIGHT
               if judge(key, answer)[0].code != PASSED]
    print(f"\n{len(RIGHT)} right answers in unusual words: {len(refused)} refused")
    assert len(RIGHT) >= 40 and not refused, refused


def test_what_is_right_in_another_form_is_refused_with_its_reason(judge):
    for key, name, answer, pattern in REFUSED:
        verdict, _, _ = judge(key, answer)
        assert verdict.code != PASSED and re.search(pattern, verdict.text, re.IGNORECASE), (key, name, verdict.text)
