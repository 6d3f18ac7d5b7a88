pub const home = page("Home",
    \\<p>This page was made by a WebAssembly component.</p>
    \\<p>See also <a href="/headers">what it saw of your request</a>.</p>
    \\
);

pub const products = page("Products", list(&.{ "Kettle", "Teapot", "Cup" }));

pub const articles = page("Articles", list(&.{ "How to boil water", "How long tea should steep", "Milk first?" }));

fn page(comptime title: []const u8, comptime content: []const u8) []const u8 {
    return "<!doctype html>\n<html lang=\"en\">\n" ++
        "<head><meta charset=\"utf-8\"><title>" ++ title ++ "</title></head>\n<body>\n" ++
        "<nav><a href=\"/\">Home</a> <a href=\"/products\">Products</a> <a href=\"/articles\">Articles</a></nav>\n" ++
        "<h1>" ++ title ++ "</h1>\n" ++ content ++ "</body>\n</html>\n";
}

fn list(comptime items: []const []const u8) []const u8 {
    comptime var html: []const u8 = "<ul>\n";
    inline for (items) |item| html = html ++ "<li>" ++ item ++ "</li>\n";
    return html ++ "</ul>\n";
}
