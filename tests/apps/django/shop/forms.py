from django import forms

from .models import Item


class OrderForm(forms.Form):
    name = forms.CharField()
    color = forms.CharField()


class ItemForm(forms.ModelForm):
    class Meta:
        model = Item
        fields = ["name", "price"]
