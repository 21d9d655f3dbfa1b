/** Authorization, user and org ids of `/api/v2`: eight bytes in hexadecimal, which the server wants non-zero. */
export const HEX_ID = /^(?!0{16}$)[0-9a-f]{16}$/i;
export const HEX_ID_EXPECTED = "16 hexadecimal digits";
