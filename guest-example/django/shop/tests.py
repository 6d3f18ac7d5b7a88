from django.test import SimpleTestCase


class ShopTests(SimpleTestCase):
    def test_the_products_are_listed(self) -> None:
        self.assertContains(self.client.get("/products"), "<li>Kettle</li>")

    def test_an_order_is_confirmed_once(self) -> None:
        page = self.client.post("/order", {"product": "Cup", "count": 2}, follow=True)
        self.assertContains(page, "Ordered: 2 × Cup")
        self.assertNotContains(self.client.get("/products"), "Ordered")

    def test_a_wrong_order_is_shown_again(self) -> None:
        page = self.client.post("/order", {"product": "Spoon", "count": 2})
        self.assertContains(page, "Spoon is not one of the available choices")

    def test_there_is_no_such_page(self) -> None:
        self.assertContains(self.client.get("/nothing"), "There is no such page", status_code=404)
