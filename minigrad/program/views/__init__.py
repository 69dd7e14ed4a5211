"""How is a program looked at, and what is asked about it without running it: text, pictures, costs, JSON, a page?"""
