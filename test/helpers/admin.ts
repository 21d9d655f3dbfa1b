import helper from "node-red-node-test-helper";
import { ADMIN_ROOT, type ErrorAnswer } from "../../nodes/admin/answers.js";

type Answer<T> = T & Partial<ErrorAnswer> & { statusCode: number };

/** What an admin endpoint answers in the Node-RED of this process, which must have the sidebar among its modules. */
export async function ask<T>(path: string): Promise<Answer<T>> {
  return read(await helper.request().get(`/${ADMIN_ROOT}/${path}`));
}

/** The same for an endpoint that takes JSON. */
export async function post<T>(path: string, given: object): Promise<Answer<T>> {
  return read(await helper.request().post(`/${ADMIN_ROOT}/${path}`).send(given));
}

function read<T>({ status, body }: { status: number; body: unknown }): Answer<T> {
  return { ...(body as T), statusCode: status };
}
