import { defineErrors } from '../../platform/errors.ts';

export const dataError = defineErrors({
  'data.dataset.not_found': {
    status: 404,
    next: 'List the datasets, or make this one with PUT /api/data/datasets/NAME.',
  },
  'data.version.not_found': {
    status: 404,
    next: 'List the versions of the dataset; "latest" names the newest.',
  },
  'data.validation.not_found': { status: 404, next: 'List the validations of the dataset.' },
  'data.expectations.invalid': {
    status: 400,
    next: 'Correct the named expectation and send the suite again.',
  },
  'data.file.malformed': {
    status: 400,
    next: 'Send a Parquet file as application/vnd.apache.parquet, or a CSV file with a header line as text/csv.',
  },
  'data.file.empty': { status: 400, next: 'Send a file with a header and at least one column.' },
  'data.file.too_large': { status: 413, next: 'Split the file by rows and append the pieces one by one.' },
  'data.upload.interrupted': { status: 400, next: 'Send the whole file again; nothing of it was kept.' },
  'data.batch.refused': {
    status: 422,
    next: 'Read details.report, correct the rows that it names, and send the batch again; nothing of it was kept.',
  },
  'data.version.conflict': {
    status: 409,
    next: 'Look at the newest version, then send the batch again.',
  },
  'data.version.unfit': {
    status: 422,
    next: 'Read the validation, and correct the data or its expectations.',
  },
  'data.column.invalid': { status: 400, next: 'Name a column of the dataset that holds a time or a date.' },
});
