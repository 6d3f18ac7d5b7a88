from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, TestCase


class ShopTests(TestCase):
    def test_home(self) -> None:
        self.assertContains(self.client.get("/"), "<h1>Shop</h1>")

    def test_a_name_beyond_ascii(self) -> None:
        self.assertEqual(self.client.get("/hello/Zo%C3%AB").text, "Hello, Zoë!")

    def test_items(self) -> None:
        bad = self.client.post("/items", {"name": "", "price": 1}, content_type="application/json")
        self.assertEqual(bad.status_code, 422)
        added = self.client.post("/items", {"name": "cup", "price": 4.5}, content_type="application/json")
        self.assertEqual(added.status_code, 201)
        where = added.headers["location"]
        self.assertEqual(self.client.get(where).json(), added.json())
        changed = self.client.put(where, {"name": "mug", "price": 5}, content_type="application/json")
        self.assertEqual(changed.json()["name"], "mug")
        self.assertEqual(self.client.delete(where).status_code, 204)
        self.assertEqual(self.client.get(where).status_code, 404)

    def test_a_form_needs_its_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        form = {"name": "Zoë", "color": "red"}
        self.assertEqual(client.post("/form", form).status_code, 403)
        token = client.get("/form").context["csrf_token"]
        sent = client.post("/form", {**form, "csrfmiddlewaretoken": str(token)})
        self.assertEqual(sent.json(), form)

    def test_upload(self) -> None:
        files = [SimpleUploadedFile("empty", b""), SimpleUploadedFile("a.bin", b"\0\1\2")]
        answer = self.client.post("/upload", {"note": "two", "files": files}).json()
        self.assertEqual([(file["name"], file["size"]) for file in answer["files"]], [("empty", 0), ("a.bin", 3)])

    def test_the_session_counts(self) -> None:
        self.assertEqual(self.client.get("/session").json(), {"count": 1})
        self.assertEqual(self.client.get("/session").json(), {"count": 2})

    def test_a_message_is_shown_once(self) -> None:
        self.assertContains(self.client.post("/flash", follow=True), "on its way")
        self.assertContains(self.client.get("/messages"), "No messages")

    def test_static_files_have_an_etag(self) -> None:
        first = self.client.get("/static/style.css")
        self.assertEqual(first.status_code, 200)
        again = self.client.get("/static/style.css", headers={"if-none-match": first.headers["etag"]})
        self.assertEqual(again.status_code, 304)

    def test_an_exception_is_a_500(self) -> None:
        client = Client(raise_request_exception=False)
        self.assertContains(client.get("/boom"), "Something went wrong", status_code=500)

    def test_there_is_no_such_page(self) -> None:
        self.assertContains(self.client.get("/nothing"), "There is no such page", status_code=404)
