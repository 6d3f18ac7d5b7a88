from flask import Flask, abort, jsonify, render_template, request

app = Flask(__name__)

PRODUCTS = {
    "kettle": {"name": "Kettle", "price": 39.0},
    "teapot": {"name": "Teapot", "price": 24.5},
    "cup": {"name": "Cup", "price": 4.5},
}


@app.get("/")
def home():
    return render_template("home.html")


@app.get("/products")
def products():
    return render_template("products.html", products=PRODUCTS.values())


@app.get("/api/products/<key>")
def product(key: str):
    if key not in PRODUCTS:
        abort(404)
    return jsonify(PRODUCTS[key])


@app.post("/api/total")
def total():
    """The price of an order such as {"cup": 2, "teapot": 1}."""
    order = request.get_json()
    if not isinstance(order, dict) or not order.keys() <= PRODUCTS.keys():
        abort(422)
    return jsonify(total=sum(PRODUCTS[key]["price"] * count for key, count in order.items()))


@app.errorhandler(404)
def not_found(error):
    return render_template("404.html"), 404
