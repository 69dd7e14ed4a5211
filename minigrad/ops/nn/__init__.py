"""What the layers and losses of networks compute."""
