"""From the log to the code: the places that lines name, the files of the workspace they mean, the functions there."""
