"""The JSON API."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from ..forms import ItemForm
from ..models import Item


@method_decorator(csrf_exempt, name="dispatch")
class JsonView(View):
    """A view of programs, which send no token against forged requests."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            self.body = json.loads(request.body) if request.body else None
        except ValueError:
            return JsonResponse({"error": "the body is not JSON"}, status=400)
        return super().dispatch(request, *args, **kwargs)


class Json(JsonView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"name": "Zoë", "price": 1.5, "tags": ["a", "b"], "none": None})

    def post(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"received": self.body})


class Items(JsonView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"items": [item.facts() for item in Item.objects.all()]})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ItemForm(self.body)
        if not form.is_valid():
            return JsonResponse(form.errors, status=422)
        item = form.save()
        return JsonResponse(item.facts(), status=201, headers={"location": reverse("item", args=[item.id])})


class OneItem(JsonView):
    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        return JsonResponse(get_object_or_404(Item, id=number).facts())

    def put(self, request: HttpRequest, number: int) -> HttpResponse:
        form = ItemForm(self.body, instance=get_object_or_404(Item, id=number))
        if not form.is_valid():
            return JsonResponse(form.errors, status=422)
        return JsonResponse(form.save().facts())

    def delete(self, request: HttpRequest, number: int) -> HttpResponse:
        get_object_or_404(Item, id=number).delete()
        return HttpResponse(status=204)


@require_safe
def query(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"a": request.GET.getlist("a"), "b": request.GET.get("b", "")})


@require_safe
def headers(request: HttpRequest) -> HttpResponse:
    agent = request.headers.get("user-agent", "")
    return JsonResponse({"user_agent": agent, "host": request.get_host(), "scheme": request.scheme})
