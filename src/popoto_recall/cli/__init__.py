"""The command line; `import popoto_recall` loads none of it."""
