"""What makes operations fast: plain arrays only, and nothing here knows a Tensor."""
