from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.generic import FormView

from .catalogue import PRODUCTS
from .forms import OrderForm


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/home.html")


def products(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/products.html", {"products": PRODUCTS})


class Order(FormView):
    template_name = "shop/order.html"
    form_class = OrderForm
    success_url = reverse_lazy("shop:products")

    def form_valid(self, form: OrderForm) -> HttpResponse:
        messages.success(self.request, "Ordered: {count} × {product}".format(**form.cleaned_data))
        return super().form_valid(form)
