import { ProtoWriter, readProtobuf } from '../protobuf.ts';

/** What is answered to an export of OTLP, in the form that was asked in (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP Response"). */
export type OtlpForm = 'json' | 'protobuf';

export const OTLP_TYPES: Readonly<Record<OtlpForm, string>> = {
  json: 'application/json',
  protobuf: 'application/x-protobuf',
};

/** ExportLogsServiceResponse. @param rejected so many logs were refused; 0: all were taken. */
export function otlpResponse(form: OtlpForm, rejected: number, why: string): Buffer {
  if (form === 'json') {
    const partialSuccess = { rejectedLogRecords: String(rejected), errorMessage: why };
    return Buffer.from(JSON.stringify(rejected === 0 ? {} : { partialSuccess }));
  }
  const response = new ProtoWriter();
  if (rejected > 0) response.message(1, (part) => part.varint(1, rejected).text(2, why));
  return response.finish();
}

/** What a response of protobuf says was rejected; nothing where it cannot be read. */
export function readOtlpResponse(body: Uint8Array): { readonly rejected: number; readonly why: string } {
  const read = readProtobuf(body, (message) => {
    let [rejected, why] = [0, ''];
    for (let field = message.next(); field !== 0; field = message.next()) {
      if (field !== 1) {
        message.skip();
        continue;
      }
      const part = message.message();
      for (let inner = part.next(); inner !== 0; inner = part.next())
        if (inner === 1) rejected = Number(part.int64());
        else if (inner === 2) why = part.text();
        else part.skip();
    }
    return { rejected, why };
  });
  return read.ok ? read.value : { rejected: 0, why: '' };
}

/** google.rpc.Status, which errors are told by. @param code of gRPC */
export function otlpStatus(form: OtlpForm, code: number, message: string): Buffer {
  if (form === 'json') return Buffer.from(JSON.stringify({ code, message }));
  return new ProtoWriter().varint(1, code).text(2, message).finish();
}

/** The message of a Status of protobuf; undefined where it is none: proxies answer as they like. */
export function readOtlpStatus(body: Uint8Array): string | undefined {
  const read = readProtobuf(body, (message) => {
    let text = '';
    for (let field = message.next(); field !== 0; field = message.next())
      if (field === 2) text = message.text();
      else message.skip();
    return text;
  });
  return read.ok && read.value !== '' ? read.value : undefined;
}
