from django.core.validators import MinValueValidator
from django.db import models


class Item(models.Model):
    name = models.CharField(max_length=100)
    price = models.FloatField(validators=[MinValueValidator(0)])

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    def facts(self) -> dict[str, object]:
        return {"id": self.id, "name": self.name, "price": self.price}
