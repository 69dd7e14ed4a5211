"""In which portions do samples reach a model?"""

from minigrad.training.batching.arrays import Batches
from minigrad.training.batching.batches import batches, check_batch_size
from minigrad.training.batching.streams import StreamedBatches
from minigrad.training.batching.structure import count_samples, samples_at, shapes_of

__all__ = [
    "Batches",
    "StreamedBatches",
    "batches",
    "check_batch_size",
    "count_samples",
    "samples_at",
    "shapes_of",
]
