"""How does a list of layers with hand-derived gradients predict, and how does it learn?"""


def predict(network, x):
    """The output of the last layer for one sample."""
    for layer in network:
        x = layer.forward(x)
    return x


def pull_back(network, output_gradient, learning_rate):
    """Return dL/dx of the network's input, after a step of every layer's parameters.

    The output of a layer is the input of the next, so dL/dx of the one is dL/dy of the other.
    """
    for layer in reversed(network):
        output_gradient = layer.backward(output_gradient, learning_rate)
    return output_gradient


def gradients(network, loss_prime, x, y):
    """For one sample, dL/dx of the input and a tuple with the gradients of each layer's parameters."""
    # A step of length 0 leaves the parameters as they are.
    input_gradient = pull_back(network, loss_prime(y, predict(network, x)), learning_rate=0.0)
    return input_gradient, [layer.gradients for layer in network]


def train(network, loss, loss_prime, x_train, y_train, epochs, learning_rate):
    """Gradient descent with one sample a step, in order; return the mean loss during each epoch."""
    errors = []
    for _ in range(epochs):
        total = 0.0
        for x, y in zip(x_train, y_train, strict=True):
            prediction = predict(network, x)
            total += loss(y, prediction)
            pull_back(network, loss_prime(y, prediction), learning_rate)
        errors.append(total / len(x_train))
    return errors
