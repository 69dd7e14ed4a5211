"""What can be checked: functions, pairs of forward and backward, layers with state."""
