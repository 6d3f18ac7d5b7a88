// QuickJS has no TextEncoder and no TextDecoder.

/** The bytes of a text. */
export function encode(text) {
  return Uint8Array.from(unescape(encodeURIComponent(text.toWellFormed())), (byte) => byte.charCodeAt(0));
}

/** The text of bytes. Bytes that are not UTF-8 become U+FFFD. */
export function decode(bytes) {
  const string = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return string.replace(/[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]/g, (sequence) => {
    try {
      return decodeURIComponent(escape(sequence));
    } catch {
      return "\ufffd";
    }
  });
}
