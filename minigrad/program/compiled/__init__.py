"""What turns a function into one that runs as compiled code?"""
