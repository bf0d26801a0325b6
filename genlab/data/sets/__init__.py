"""The built-in data sets, a file each: settings, labels, space, truth and record."""
