"""Do two optimisers train two models against each other, as written and compiled?"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import losses, nn, optim


class Adversaries:
    """A generator of numbers around 3, and a critic that tells them from real ones, after some steps.

    Goodfellow et al. 2014, "Generative adversarial networks", arXiv:1406.2661, algorithm 1.
    """

    def __init__(self, engine):
        rng = np.random.default_rng(0)
        self.generator = nn.Sequential(nn.Dense(2, 16, rng=rng), nn.Tanh(), nn.Dense(16, 1, rng=rng))
        self.critic = nn.Sequential(nn.Dense(1, 16, rng=rng), nn.LeakyReLU(), nn.Dense(16, 1, rng=rng))
        self.for_generator = optim.Adam(self.generator.parameters(), lr=0.01, betas=(0.5, 0.999))
        self.for_critic = optim.Adam(
            self.critic.named_parameters(), lr=0.02, betas=(0.5, 0.999), groups={"*bias": {"lr": 0.01}}
        )
        self.train_critic, self.train_generator = self._steps()
        if engine:
            self.train_critic = mg.compile(self.train_critic, engine=engine)
            self.train_generator = mg.compile(self.train_generator, engine=engine)

    def _steps(self):
        generator, critic, for_generator, for_critic = (
            self.generator,
            self.critic,
            self.for_generator,
            self.for_critic,
        )

        def train_critic(real, noise):
            for_critic.zero_grad()
            made = generator(noise).detach()
            loss = losses.bce_with_logits(critic(real), np.ones((len(real), 1), np.float32))
            loss = loss + losses.bce_with_logits(critic(made), np.zeros((len(noise), 1), np.float32))
            loss.backward()
            for_critic.step()
            return loss

        def train_generator(noise):
            for_generator.zero_grad()
            for_critic.zero_grad()
            loss = losses.bce_with_logits(critic(generator(noise)), np.ones((len(noise), 1), np.float32))
            loss.backward()
            for_generator.step()
            for_critic.zero_grad()
            return loss

        return train_critic, train_generator

    def trained(self, steps):
        rng = np.random.default_rng(1)
        found = []
        for _ in range(steps):
            real = (3.0 + 0.5 * rng.standard_normal((64, 1))).astype(np.float32)
            noise = rng.standard_normal((2, 64, 2)).astype(np.float32)
            pair = self.train_critic(real, noise[0]), self.train_generator(noise[1])
            found += [float(np.asarray(getattr(each, "data", each))) for each in pair]
        return found

    def state(self):
        return [
            *self.generator.state_dict().values(),
            *self.critic.state_dict().values(),
            *self.for_generator.state_dict().values(),
            *self.for_critic.state_dict().values(),
        ]


def test_the_generator_learns_where_the_numbers_are():
    adversaries = Adversaries(None)
    noise = np.random.default_rng(2).standard_normal((1000, 2)).astype(np.float32)
    with mg.no_grad():
        before = float(np.mean(adversaries.generator(noise).data))
    adversaries.trained(300)
    with mg.no_grad():
        after = float(np.mean(adversaries.generator(noise).data))
    assert abs(before) < 1.0
    assert abs(after - 3.0) < 1.0
    assert (adversaries.for_generator.steps, adversaries.for_critic.steps) == (300, 300)


@pytest.mark.parametrize(("engine", "tolerance"), [("numpy", 0.0), ("jax", 1e-3)])
def test_compiled_they_do_the_same(engine, tolerance):
    eager, compiled = Adversaries(None), Adversaries(engine)
    np.testing.assert_allclose(compiled.trained(15), eager.trained(15), rtol=tolerance, atol=tolerance)
    for one, other in zip(compiled.state(), eager.state(), strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
    assert len(compiled.train_critic.cached) == len(compiled.train_generator.cached) == 1
