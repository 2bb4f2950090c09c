"""Whether a graph helps to recall: dialogues with questions, and the commits of repositories."""
