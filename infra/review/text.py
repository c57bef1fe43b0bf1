"""The comment under a pull request: Markdown, bounded, found again by its marker. Pure."""

from collections.abc import Sequence

from infra.review.answers import answers
from infra.review.area_changes import Finding
from infra.review.fields import FieldChange, changed, redacted
from infra.review.findings import ReviewedPreview, attention, findings
from infra.review.preview import Operation, Preview

LETTERS_MAX = 64_000
"""What the forge takes in a comment is 65,536; a rest for what else it adds."""
_ERROR_LETTERS_MAX = 8_000
_FINDINGS_MAX = 60
_SIGNS = {
    Operation.CREATE: "+",
    Operation.UPDATE: "~",
    Operation.REPLACE: "±",
    Operation.DELETE: "-",
}
_CUT = "… {count} more lines do not fit into a comment; `pulumi preview --diff` shows them."


def marker(stack: str) -> str:
    """Return the line that says whose comment this is, so that one is updated, not many made."""
    return f"<!-- bot-handover:preview:{stack} -->"


def needs_attention(preview: Preview) -> bool:
    """Tell whether someone must look before this is applied."""
    return bool(preview.errors or attention(findings(ReviewedPreview.of(preview))))


def render(stack: str, preview: Preview, basis: str, limit: int = LETTERS_MAX) -> str:
    """Return the comment.

    Args:
        stack: the stack's name.
        preview: what the engine would do.
        basis: what it was compared with, as a sentence.
        limit: the most letters.
    """
    if preview.errors:
        return _refused(stack, preview, basis, limit)
    review = ReviewedPreview.of(preview)
    answered, results = answers(review), findings(review)
    head = [
        marker(stack),
        f"### {stack}: {answered.headline}",
        "",
        *_listed("Look at this", attention(results)),
        "| question | answer |",
        "|---|---|",
        f"| What moves? | {_cell(answered.moves)} |",
        f"| What restarts? | {_cell(answered.restarts)} |",
        f"| What is replaced? | {_cell(answered.replaced)} |",
        f"| What is risky? | {_cell(answered.risky)} |",
        f"| How to undo? | {_cell(answered.undo)} |",
        "",
        *_listed("Also", [finding for finding in results if not finding.attention]),
        basis,
        "",
    ]
    text = "\n".join(head)
    lines = _diff(preview)
    return text + _folded(lines, limit - len(text)) if lines else text


def _refused(stack: str, preview: Preview, basis: str, limit: int) -> str:
    message = redacted("\n\n".join(preview.errors))
    room = min(_ERROR_LETTERS_MAX, limit // 2)
    if len(message) > room:
        message = (
            f"{message[:room]}\n… {len(message) - room} more letters; `pulumi preview` shows them."
        )
    return "\n".join(
        [
            marker(stack),
            f"### {stack}: the preview was refused, so nothing can be applied",
            "",
            "```text",
            message.replace("```", "'''"),
            "```",
            "",
            "| question | answer |",
            "|---|---|",
            "| What moves? | Nothing. |",
            "| What restarts? | No pod restarts. |",
            "| What is replaced? | Nothing. |",
            "| What is risky? | To merge it: the next `pulumi up` is refused, too. |",
            "| How to undo? | There is nothing to undo. |",
            "",
            basis,
            "",
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _listed(title: str, results: Sequence[Finding]) -> list[str]:
    if not results:
        return []
    shown = [f"- {finding.text}" for finding in results[:_FINDINGS_MAX]]
    if len(results) > _FINDINGS_MAX:
        shown.append(f"- … and {len(results) - _FINDINGS_MAX} more, all in the diff below.")
    return [f"**{title}**", "", *shown, ""]


def _diff(preview: Preview) -> list[str]:
    lines: list[str] = []
    for step in preview.steps:
        if step.operation is Operation.SAME:
            continue
        why = f" because of {', '.join(step.reasons)}" if step.reasons else ""
        lines.append(f"{_SIGNS[step.operation]} {step.title}: {step.operation}{why}")
        if step.operation is not Operation.DELETE:
            lines += [line for field in changed(step) for line in _leaf(field)]
    return [line.replace("```", "'''") for line in lines]


def _leaf(field: FieldChange) -> list[str]:
    """Return a value's lines, each beginning with a sign so that they are colored."""
    lines: list[str] = []
    for sign, value in (("-", field.before), ("+", field.after)):
        if value is not None:
            flat = value.replace("\r", "").replace("\n", "\\n")
            lines.append(f"{sign}   {field.path}: {flat}")
    return lines


def _folded(lines: Sequence[str], room: int) -> str:
    """Return the diff, closed until someone opens it; whole lines only, and what is missing."""
    title = f"<details><summary>The diff, {len(lines)} lines</summary>\n\n```diff\n"
    end = "\n```\n\n</details>\n"
    room -= len(title) + len(end) + len(_CUT) + len(str(len(lines)))
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    if missing := len(lines) - len(kept):
        kept.append(_CUT.format(count=missing))
    return title + "\n".join(kept) + end
