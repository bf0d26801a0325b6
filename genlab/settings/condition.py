"""What samples are asked for, beside how they are drawn."""

from __future__ import annotations

from genlab.settings.fields import Settings, setting


class ConditionSettings(Settings):
    """The condition of a session, as it is typed and saved."""

    label: str = setting(
        "any",
        "'any' draws labels from the class prior, 'none' ignores labels, or the name of a class.",
    )
    given: str = setting(
        "", "What is known of each sample and kept: of text, how it begins.", label="Begins with"
    )
