"""The networks of the paper and the lab, each with a stable name for every layer."""

from harness.engine.networks.alexnet import AlexNet, alexnet
from harness.engine.networks.given import Given, given
from harness.engine.networks.hooks import hooked, record
from harness.engine.networks.layers import initialise
from harness.engine.networks.network import Network
from harness.engine.networks.plain import PlainNetwork, small, vgg
from harness.engine.networks.published import from_published
from harness.engine.networks.resnet import ResNet, resnet
from harness.engine.networks.summary import StageSummary, Summary, summarise
from harness.engine.networks.weight_file import read_convolutions

__all__ = [
    "AlexNet",
    "Given",
    "Network",
    "PlainNetwork",
    "ResNet",
    "StageSummary",
    "Summary",
    "alexnet",
    "from_published",
    "given",
    "hooked",
    "initialise",
    "read_convolutions",
    "record",
    "resnet",
    "small",
    "summarise",
    "vgg",
]
