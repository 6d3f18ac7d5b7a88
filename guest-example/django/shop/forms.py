from django import forms

from .catalogue import PRODUCTS


class OrderForm(forms.Form):
    product = forms.ChoiceField(choices=[(product["name"], product["name"]) for product in PRODUCTS])
    count = forms.IntegerField(min_value=1)
