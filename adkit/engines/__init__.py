"""Other engines beside adkit's own, a small file each, imported on first use."""
