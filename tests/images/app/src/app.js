// /text answers by itself; /fetch asks the server at `to`, whose certificate must be of a root that the image has.
export default {
    async fetch(request) {
        const url = new URL(request.url);
        if (url.pathname === "/text") return new Response("from an image\n");
        try {
            const response = await fetch(url.searchParams.get("to"));
            return new Response(await response.text());
        } catch (error) {
            return new Response(`${error}\n`, { status: 502 });
        }
    },
};
