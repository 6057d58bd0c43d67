/** RFC 6838, 4.2, without parameters. */
export const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;
export const MEDIA_TYPE_WORDS = "a media type such as application/gzip";
