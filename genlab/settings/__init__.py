"""What a field, a control, a panel, a preset and a paradigm say of themselves."""
