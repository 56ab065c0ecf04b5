"""The seven stages as a drawing: boxes in a column, arrows on their sides."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

#: A move from one stage to another, by their places in the column.
Move = tuple[int, int]

WIDTH, HEIGHT, PITCH = 210, 40, 72
_LANE, _ROUND, _MARGIN, _TOP = 18, 7, 8, 6


@dataclass(frozen=True, kw_only=True)
class Box:
    name: str
    x: int
    y: int


@dataclass(frozen=True, kw_only=True)
class Arrow:
    path: str  #: as SVG writes it
    is_back: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    width: int
    height: int
    box_width: int = WIDTH
    box_height: int = HEIGHT


def chart(names: Sequence[str], moves: Collection[Move]) -> Chart:
    """Onward to the right of the boxes, back to the left, to the next one straight down."""
    lanes = _lanes([move for move in moves if move[1] > move[0] + 1])
    back = _lanes([move for move in moves if move[1] < move[0]])
    left = _MARGIN + _LANE * (_deepest(back) + 1)
    boxes = [Box(name=name, x=left, y=_TOP + PITCH * number) for number, name in enumerate(names)]
    arrows = [
        Arrow(
            path=_path(boxes, move, lanes, back),
            is_back=move[1] < move[0],
            words=f"{names[move[0]]} to {names[move[1]]}",
        )
        for move in sorted(moves)
    ]
    right = _MARGIN + _LANE * (_deepest(lanes) + 1)
    height = PITCH * (len(names) - 1) + HEIGHT + 2 * _TOP
    return Chart(boxes=boxes, arrows=arrows, width=left + WIDTH + right, height=height)


def _deepest(lanes: dict[Move, int]) -> int:
    return max(lanes.values(), default=-1)


def _lanes(moves: Collection[Move]) -> dict[Move, int]:
    """Move -> how far out it runs; moves that pass each other have different lanes."""
    found: dict[Move, int] = {}
    for move in sorted(moves, key=lambda move: (abs(move[1] - move[0]), move)):
        taken = {lane for other, lane in found.items() if _meet(move, other)}
        found[move] = next(lane for lane in range(len(moves)) if lane not in taken)
    return found


def _meet(one: Move, other: Move) -> bool:
    return min(one) <= max(other) and min(other) <= max(one)


def _path(boxes: Sequence[Box], move: Move, lanes: dict[Move, int], back: dict[Move, int]) -> str:
    start, end = boxes[move[0]], boxes[move[1]]
    if move[1] == move[0] + 1:
        middle = start.x + WIDTH // 2
        return f"M{middle} {start.y + HEIGHT} V{end.y - 2}"
    if move in lanes:
        edge, out = start.x + WIDTH, 1
        lane = edge + _LANE * (lanes[move] + 1)
    else:
        edge, out = start.x, -1
        lane = edge - _LANE * (back[move] + 1)
    return " ".join(_around(edge, lane, out, start.y + HEIGHT // 2, end.y + HEIGHT // 2))


def _around(edge: int, lane: int, out: int, start: int, end: int) -> Iterator[str]:
    """Out of one box, along the lane and into the other, with round corners."""
    down = 1 if end > start else -1
    start, end = start + 5 * down, end - 5 * down
    yield f"M{edge} {start} H{lane - _ROUND * out}"
    yield f"Q{lane} {start} {lane} {start + _ROUND * down}"
    yield f"V{end - _ROUND * down}"
    yield f"Q{lane} {end} {lane - _ROUND * out} {end}"
    yield f"H{edge + 2 * out}"
