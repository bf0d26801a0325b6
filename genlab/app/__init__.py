"""The window of GenLab: Qt, and nothing that needs torch."""
