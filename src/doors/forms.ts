/** Seal what a form of a page holds, so that one submission has it sealed. */
export {
  sealForm,
  type FormOptions,
  type SealedForm,
  type SealedFormFile,
} from '../forms/seal-form.js'
