/** Authorization, user and org ids of `/api/v2`: eight bytes in hexadecimal, which the server wants non-zero. */
export const HEX_ID = /^(?!0{16}$)[0-9a-f]{16}$/i;
export const HEX_ID_EXPECTED = "16 hexadecimal digits";

/** A UUID as Cloud Dedicated and Clustered write the ids of accounts, clusters and tokens; the version is not looked at. */
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
export const UUID_EXPECTED = "a UUID such as 55555555-5555-4555-8555-555555555555";
