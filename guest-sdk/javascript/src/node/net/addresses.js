// What is an address, of `node:net`.
const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const isIPv4 = (text) => V4.test(String(text));
function isIPv6(text) {
  const address = String(text).replace(/%[\w.-]+$/, "");
  if (!/^[\da-f:.]+$/i.test(address) || !address.includes(":")) return false;
  try {
    return Boolean(new URL(`http://[${address}]/`));
  } catch {
    return false;
  }
}

module.exports = { isIP: (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0), isIPv4, isIPv6 };
