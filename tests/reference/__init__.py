"""What would the gradients of a small network be, had somebody derived them by hand?"""
