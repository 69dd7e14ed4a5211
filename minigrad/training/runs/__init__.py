"""What is a run while it goes on, and how is it saved and taken up?"""
