PRODUCTS = [
    {"name": "Kettle", "price": 39.0},
    {"name": "Teapot", "price": 24.5},
    {"name": "Cup", "price": 4.5},
]
