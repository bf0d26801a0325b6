"""Encoders and decoders of latent variable models."""

from __future__ import annotations

import pytest
import torch

from genlab.nets.coders import ImageDecoder, ImageEncoder, Perceptron, build_coders


@pytest.mark.parametrize("event", [(1, 8, 8), (1, 5, 7), (3, 32, 32), (3, 17, 20), (1, 4, 4)])
def test_images_of_any_sides_go_in_and_come_out(event: tuple[int, ...]) -> None:
    encoder, decoder = ImageEncoder(event, 6, 8), ImageDecoder(3, event, 2, 8)
    assert encoder(torch.zeros(2, *event)).shape == (2, 6)
    assert decoder(torch.zeros(2, 3)).shape == (2, *event, 2)


def test_without_hidden_layers_a_perceptron_is_linear() -> None:
    net = Perceptron(3, 2, 16, 0)
    a, b = torch.randn(2, 4, 3)
    assert torch.allclose(net(a + b) - net(b), net(a) - net(torch.zeros(4, 3)), atol=1e-6)


def test_dropout_is_for_training_only() -> None:
    _, decoder = build_coders("conv", (1, 8, 8), 4, 2, 1, 8, 2, 0.5)
    z = torch.randn(3, 2)
    assert not torch.equal(decoder(z), decoder(z))
    decoder.eval()
    assert torch.equal(decoder(z), decoder(z))
