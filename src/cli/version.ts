/** packrun's own version; equal to the one in package.json (a test holds them together). */
export const version = "0.1.0";
