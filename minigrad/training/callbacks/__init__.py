"""What may be done in the course of a training, ready-made or by a class of yours?"""
