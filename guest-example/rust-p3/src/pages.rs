pub fn home() -> String {
    page(
        "Home",
        "<p>This page was made by a WebAssembly component.</p>\n\
         <p>See also <a href=\"/headers\">what it saw of your request</a>.</p>\n",
    )
}

pub fn products() -> String {
    page("Products", &list(&["Kettle", "Teapot", "Cup"]))
}

pub fn articles() -> String {
    page("Articles", &list(&["How to boil water", "How long tea should steep", "Milk first?"]))
}

fn page(title: &str, content: &str) -> String {
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body>\n\
         <nav><a href=\"/\">Home</a> <a href=\"/products\">Products</a> <a href=\"/articles\">Articles</a></nav>\n\
         <h1>{title}</h1>\n\
         {content}\
         </body>\n\
         </html>\n"
    )
}

fn list(items: &[&str]) -> String {
    let items: String = items.iter().map(|item| format!("<li>{item}</li>\n")).collect();
    format!("<ul>\n{items}</ul>\n")
}
