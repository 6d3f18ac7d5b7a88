"""What requests and answers contain."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ItemFields(BaseModel):
    """An item as a client sends it."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    price: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @field_validator("name")
    @classmethod
    def no_control_characters(cls, name: str) -> str:
        if not name.isprintable():
            raise ValueError("must be printable")
        return name


class Item(ItemFields):
    id: int


class Items(BaseModel):
    items: list[Item]


class UploadedFile(BaseModel):
    name: str
    size: int
    sha256: str


class Upload(BaseModel):
    note: str
    files: list[UploadedFile]
