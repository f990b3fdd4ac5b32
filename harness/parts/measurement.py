"""How similarity is estimated, how activations are maximised, and in which arithmetic."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from harness.parts.base import LATER, Deviations, Part, Spec


class Cka(Part, family="cka"):
    """CKA(K, L) = ΣHSIC(K, L) / √(ΣHSIC(K, K)·ΣHSIC(L, L)), sums over minibatches (paper p. 5;
    Nguyen et al. 2020). The images are the first of the test set, in its order.
    """

    estimator: Literal["unbiased", "biased", "corrected"] = Field(
        default="unbiased",
        description="HSIC₁ of Song et al. 2012, HSIC₀ of Gretton et al. 2005, or HSIC₁ corrected "
        "for finitely many channels (Chun et al. 2025)",
    )
    images: int = Field(ge=4, le=1_000_000, description="of the test set, from its first on")
    batch: int = Field(ge=4, le=65_536, description="images of one Gram matrix")
    deviations: Deviations = ()

    @model_validator(mode="after")
    def _whole_minibatches(self) -> Cka:
        if self.images % self.batch:
            raise ValueError(f"images {self.images} are no whole number of batches {self.batch}")
        return self


class ActivationMaximisation(Part, family="activation_maximisation"):
    """Adam on the numbers of an image, from noise, the network frozen."""

    parametrisation: Literal["fourier", "pixel"]
    steps: int = Field(ge=1, le=100_000)
    lr: float = Field(gt=0, le=100)
    jitter: int = Field(ge=0, le=64, description="pixels that a step may roll the image by")
    total_variation: float = Field(ge=0, description="weight of the roughness of the image")
    leak: float = Field(gt=0, le=1, description="slope below 0 of the activation that is climbed")
    size: int = Field(ge=63, le=1024, description="pixels a side")
    starts: int = Field(ge=1, le=16, description="images, each from noise of its own")
    inside: Annotated[bool, LATER] = Field(
        default=False, description="average only places whose field holds no padding"
    )
    slowest: Annotated[float, LATER] = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="cycles per pixel; slower waves and the mean are no part of an image",
    )
    noise: Annotated[float, LATER] = Field(
        default=0.01,
        gt=0,
        le=10,
        description="standard deviation of the start, before the sigmoid; 0.01 is nearly grey",
    )
    deviations: Deviations = ()
    usual: ClassVar = {
        "parametrisation": "fourier",
        "steps": 256,
        "lr": 0.05,
        "jitter": 4,
        "total_variation": 0.0,
        "leak": 1.0,  # takes the activation as it is
        "size": 224,
        "starts": 1,
    }


class Numerics(Spec):
    """Device and determinism, the class of arithmetic in which a number was made: same class, same
    number. Precision is the recipe's, since the published one varies it.
    """

    device: Literal["cpu", "cuda"] = "cpu"
    deterministic: bool = Field(default=True, description="only bitwise repeatable kernels")
    compile: bool = Field(default=False, description="torch.compile; without it where it fails")
    threads: int = Field(
        default=1, ge=0, le=256, description="intra-op threads of one run; 0: all that its slot has"
    )
    world_size: int = Field(
        default=1, ge=1, le=1024, description="processes that train one network, as torch names it"
    )
    batch_statistics: Literal["synchronised", "local"] = Field(
        default="synchronised",
        description="of tdBN with several processes: those of the whole batch, or of each part",
    )
    float32: Annotated[Literal["ieee", "tf32"], LATER] = Field(
        default="ieee",
        description="products of float32 on a GPU: as they are, or of factors rounded to 10 bits",
    )

    @model_validator(mode="after")
    def _one_process_has_all_of_the_batch(self) -> Self:
        if self.world_size == 1 and self.batch_statistics == "local":
            raise ValueError("batch_statistics: 'local' needs a world_size of at least 2")
        return self
