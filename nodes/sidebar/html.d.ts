/** The build takes html that is imported for a text. */
declare module "*.html" {
  const text: string;
  export default text;
}
