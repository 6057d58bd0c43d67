const USER_INFO = /^([a-z+]+:\/\/)[^/?]*@/i;

/** An address without user, password and options: `mongodb://***@db.example:27017/packrun`. */
export function redactAddress(address: string): string {
  return address.replace(USER_INFO, "$1***@").replace(/\?.*$/s, "");
}

/** A text in which neither the user info of this address nor its parts stand, encoded or not. */
export function withoutUserInfo(text: string, address: string): string {
  const whole =
    USER_INFO.exec(address)?.[0]
      .replace(/^[a-z+]+:\/\//i, "")
      .slice(0, -1) ?? "";
  const [, password = ""] = /^[^:]*:(.*)$/s.exec(whole) ?? [];
  const secrets = [whole, password, decoded(password)].filter((secret) => secret !== "");
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, "***"), redactAddresses(text));
}

function redactAddresses(text: string): string {
  return text.replaceAll(/(mongodb(?:\+srv)?:\/\/)[^\s/?]*@/gi, "$1***@");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
